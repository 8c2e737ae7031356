"""A worker or a parameter server as scripts of 2018 wrote them: a variable lives on the server, and workers add to it.

Every worker adds 10 for the master and 20 for the next, and ends when it has read 30.
"""
import json
import os
import sys
import time

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '2')
import tensorflow as tf  # noqa: E402 - it reads the variable above

v1 = tf.compat.v1
v1.disable_eager_execution()
found = tf.distribute.cluster_resolver.TFConfigClusterResolver()
server = tf.distribute.Server(found.cluster_spec(), found.task_type, found.task_id)
print('serves', json.dumps([found.task_type, found.task_id, os.getpid()]), flush=True)
if found.task_type == 'ps':
    server.join()

here = f'/job:{found.task_type}/task:{found.task_id}'
with v1.device(v1.train.replica_device_setter(worker_device=here, cluster=found.cluster_spec())):
    total = v1.get_variable('total', [], tf.float32, v1.zeros_initializer())
    add = total.assign_add(10.0 * (int(os.environ['AZ_BATCHAI_TASK_INDEX']) + 1))
    read = total.read_value()
only_us = v1.ConfigProto(device_filters=['/job:ps', here])
with v1.train.MonitoredTrainingSession(server.target, found.task_type == 'chief', config=only_us) as session:
    session.run(add)
    deadline = time.monotonic() + 60
    while session.run(read) < 30:
        if time.monotonic() > deadline:
            sys.exit('the other worker did not come')
        time.sleep(0.02)
    print('total', session.run(read), 'is on', total.device, flush=True)
