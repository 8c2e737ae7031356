"""The self-hosted Batch AI service: the ARM REST face, the store, the scheduler and the engines that run jobs.

Nothing here imports azure-cli; ``python -m azext_batchai.service`` runs where only this package is installed.
"""
