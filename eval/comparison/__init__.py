"""Runs beside each other and beside published numbers: ``compare``, ``leaderboard``, ``table``.

``runs``       a finished evaluation, as ``results.json`` tells it
``pairs``      two runs on the same sequences, and how sure the difference is
``page``       several runs as one page and as JSON
``parquet``    all numbers of several runs as one long table
``published``  what papers print, one protocol a board
``boards``     own runs in a board, where their protocol is the board's
"""
