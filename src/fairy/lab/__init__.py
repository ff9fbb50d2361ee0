"""The laboratory: synthetic truth, training, measures, studies. It may import all of Fairy; nothing of Fairy imports it
but the command line.
"""
