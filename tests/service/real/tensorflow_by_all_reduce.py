"""A worker of TensorFlow 2 without parameter servers: the workers add up what each brings."""
import os

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '2')
import tensorflow as tf  # noqa: E402 - it reads the variable above

strategy = tf.distribute.MultiWorkerMirroredStrategy()


def add_up():
    mine = tf.constant(10.0 * (int(os.environ['AZ_BATCHAI_TASK_INDEX']) + 1))
    return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, mine)


total = strategy.experimental_local_results(tf.function(lambda: strategy.run(add_up))())[0]
print('total', float(total), 'of', strategy.num_replicas_in_sync, flush=True)
