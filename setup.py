"""Packages the ``batchai`` extension of the Azure CLI, together with the self-hosted service."""
import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
VERSION = re.search(r"__version__ = '([^']+)'", (HERE / 'azext_batchai/version.py').read_text('utf-8')).group(1)

# azure-cli-core, knack and azure-cli stay out: an extension that names them installs a second CLI into its own
# folder. The CLI it needs is stated in azext_metadata.json.
DEPENDENCIES = [
    'azure-mgmt-batchai>=7.0.0,<8',     # the management client, API 2018-05-01
    'msrest>=0.7.1',                    # which azure-mgmt-batchai imports without saying so
    'azure-mgmt-storage>=21.0.0',       # storage keys that a command line leaves out
    'azure-storage-file>=2.1.0,<3',     # file shares
    'jmespath>=1.0.0',                  # conditions on a resource's JSON
    'fastjsonschema>=2.21',             # config files and request bodies against one schema; pure Python, no dependency
    'starlette>=0.46',                  # the service: routing, requests, ranged file replies
    'uvicorn>=0.30',                    # the service: HTTP and TLS
    'cryptography>=42',                 # the service: its own certificate authority
    'psutil>=5.9',                      # the service: finding every process of a job
]

setup(
    name='batchai',
    version=VERSION,
    description='Azure Batch AI for the Azure CLI, with a self-hosted service that runs the jobs.',
    long_description=(HERE / 'README.md').read_text('utf-8'),
    long_description_content_type='text/markdown',
    license='MIT',
    license_files=['LICENSE'],
    author='The batchai developers',
    classifiers=[
        'Environment :: Console',
        'Intended Audience :: Developers',
        'Intended Audience :: Science/Research',
        'Programming Language :: Python :: 3',
        'Operating System :: OS Independent',
    ],
    python_requires='>=3.10',
    packages=find_packages(include=['azext_batchai', 'azext_batchai.*']),
    package_data={'azext_batchai': ['azext_metadata.json', 'schemas/*.json', 'service/toolkits/*.sh',
                                    'service/engines/slurm/*.sh', 'py.typed']},
    install_requires=DEPENDENCIES,
)
