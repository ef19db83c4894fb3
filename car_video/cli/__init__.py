"""The command ``car-video``: options in, results on disk, errors in one line.

In the order in which a command meets them:

``launcher``         settings that count only before libraries load; Ctrl-C while they load
``app``              options, entry point, exit codes
``usage``            times on the command line, misspelt options
``subcommands``      commands that are called by a first word
``convert``          a finished run in the form of another tool
``serve``            a server for programs that send pictures
``ui``               the page in the browser
``explain``          the stages of one frame, and why
``bench``            how fast this machine is
``completion``       what a shell offers after the tabulator key
``licences``         shipped weights and what they were trained on
``engine_options``   larger engines: --masks, --propose, --tracker
``request``          what was asked for, checked without source and model
``batch``            several sources, one after the other
``sharded_batch``    the same on a Ray cluster, a worker for each
``opening``          window, source, model and output folder of a run
``sharded_run``      the scenes of one source on a Ray cluster
``run``              one source: reader to segmenter to writers
``saved_exports``    formats in ``--save``, made when the run is done
``correcting``       corrections of a run that is done, and files that were edited
``worker_threads``   decoding and writing beside the computation
``resume``           frames that an earlier part of the run has done; the stored state
``live_editing``     expressions that change during a run
``interrupts``       Ctrl-C, held back while something must not be cut in two
``preview_window``   the window of ``--show``
``evidence_lines``   what ``--verbose`` says of a frame
``presence_times``   when each expression was in the picture
``warnings``         remarks for the end
``display``          summary, errors
``progress_bar``     frames per second and the time left
"""
