"""The report of an evaluation: a page that needs no other file, Markdown, and charts.

``content``  what a report is made of
``strips``   picture, prediction, ground truth and error of one frame, side by side
``plots``    charts of scores and flicker
``writing``  all of them through the two templates
"""
