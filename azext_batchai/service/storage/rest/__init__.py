"""The REST face of shares and containers: what Azure Files and Blob clients speak, over plain folders.

`dispatch` takes a request apart, `signatures` says what it may do, and the package `blob` or `file` answers it.
"""
