"""Benchmarks of referring and open-vocabulary segmentation: ``car-eval``.

In the order in which an evaluation meets them:

``cli_options``       the options of the commands, each written down once
``cli``               the commands: parse, run, show
``cli_compare``       those on finished runs and on data: compare, leaderboard, table, fetch
``request``           what is asked for, and the checks that need no model
``benchmarks/``       a file per benchmark: its items, how to predict and score one, its tables
``data/``             data sets and predictions in the layouts in use
``segmenters``        what a benchmark asks of a model
``model_segmenters``  the models of car_video behind it
``runner/``           the work of one item; workers and records, so that a run can be continued
``metrics/``          J, F, IoU, mIoU, flicker: pure functions on arrays
``calibrate``         how sure a model's evidence makes, fitted on regions with names
``provenance``        version, date, device and command, for the results
``evaluate``          from request to results, by way of all of the above
``report/``           the results as a page, as Markdown and as charts
``comparison/``       runs beside each other, and beside published numbers
``fetching``          where data sets are to be had, and whether they are whole
``display``           progress and tables on the terminal

Everything but the metrics is for ``car-eval`` alone. Of car_video it uses what users have:
``car_video`` itself and its modules ``config``, ``errors``, ``types``, ``io.palette``,
``io.rle``, ``io.writers.folder_lock`` and ``text.label_spaces``.
"""
