"""Private mail servers on loopback for the demo and the tests.

Standard library only; whatever is started here ends with the process that started it.
"""
