"""What the Python scripts share: what they were told, waiting for a condition, files behind signed links, errors."""
import os
import time

ENDPOINT, TOKEN, SUBSCRIPTION, GROUP, WORK = (
    os.environ[f'BATCHAI_{name}'] for name in ('ENDPOINT', 'TOKEN', 'SUBSCRIPTION', 'GROUP', 'WORK'))
ACCOUNT = {'admin_user_name': 'alex', 'admin_user_password': 'Passw0rd-of-the-cluster'}
COMMAND = 'echo to-stdout; echo to-stderr >&2; echo weights > $AZ_BATCHAI_OUTPUT_MODEL/model.txt'


def wait(read, wanted, seconds=30):
    """What `read` returns once `wanted` holds of it."""
    deadline = time.monotonic() + seconds
    while True:
        seen = read()
        if wanted(seen):
            return seen
        if time.monotonic() > deadline:
            raise SystemExit(f'still not as wanted: {seen}')
        time.sleep(0.05)


def text(value):
    """Enumerations are text in some versions and a class of their own in others."""
    return getattr(value, 'value', value)


def download(url):
    """The text behind a link. No token goes with it."""
    import requests
    response = requests.get(url, timeout=30)
    response.raise_for_status()
    return response.text


def contents(files):
    """Name and text of listed files; a folder has no link."""
    return {file.name: download(file.download_url) if file.download_url else None for file in files}


def error_of(call):
    """Status and code of the error that a call ends with, as the package tells them."""
    try:
        call()
    except Exception as error:  # each version has a class of its own
        return [error.status_code, getattr(error.error, 'code', None) or error.error.error]
    return None
