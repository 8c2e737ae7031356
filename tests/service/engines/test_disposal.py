"""Folders that are taken away at once and deleted in the background."""
import threading
import time

from azext_batchai.service.engines import disposal

PATIENCE = 20.0


def wait_until(met):
    deadline = time.monotonic() + PATIENCE
    while not met():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_link_is_deleted_and_what_it_leads_to_is_neither_unmounted_nor_deleted(tmp_path, monkeypatch):
    (tmp_path / 'precious' / 'mounted').mkdir(parents=True)
    asked = []
    monkeypatch.setattr(disposal, '_mount_points', lambda folder: asked.append(folder) or [])
    (tmp_path / 'link').symlink_to(tmp_path / 'precious')
    disposal.delete_unmounted(tmp_path / 'link')
    assert not (tmp_path / 'link').is_symlink() and (tmp_path / 'precious' / 'mounted').is_dir() and asked == []


def test_a_thousand_folders_need_one_thread(tmp_path, monkeypatch):
    began, may_delete, workers = threading.Event(), threading.Event(), set()

    def delete(folder):
        workers.add(threading.current_thread())
        began.set()
        may_delete.wait(PATIENCE)
        folder.rmdir()
    monkeypatch.setattr(disposal, 'delete_unmounted', delete)
    for number in range(1000):
        (tmp_path / str(number)).mkdir()
        disposal.discard(tmp_path / str(number), tmp_path / 'trash')
    assert began.wait(PATIENCE) and [path.name for path in tmp_path.iterdir()] == ['trash']
    may_delete.set()
    wait_until(lambda: not any((tmp_path / 'trash').iterdir()))
    assert len(workers) == 1


def test_a_folder_that_cannot_be_deleted_holds_up_no_other(tmp_path, monkeypatch):
    deleted = []

    def delete(folder):
        if folder.name.startswith('bad'):
            raise PermissionError('no')
        deleted.append(folder.name)
    monkeypatch.setattr(disposal, 'delete_unmounted', delete)
    for name in ('bad', 'good'):
        (tmp_path / name).mkdir()
        disposal.discard(tmp_path / name, tmp_path / 'trash')
    wait_until(lambda: [name.partition('-')[0] for name in deleted] == ['good'])
