# shellcheck shell=bash
# An EXAMPLE for ZSPEX_SETUP, which slurm/extract.sh and slurm/redshift.sh source before anything else; the same for building:
#   ZSPEX_SETUP=slurm/perlmutter_setup.sh sbatch slurm/redshift.sh ...
# It says what NERSC's documentation says of Perlmutter's modules. It was NOT run there: look at `module avail`, and correct it.
#
# Sourced, by a job's shell, which is no login shell: the scripts source /etc/profile first where there is no command module, so
# that they need no `bash -l`. By hand: source slurm/perlmutter_setup.sh in a login shell.

module load PrgEnv-gnu cudatoolkit craype-accel-nvidia80  # compilers, CUDA, the A100 as what is compiled for
module load cray-hdf5 cmake                               # HDF5 without MPI: one rank reads and writes each file
module load python                                        # newer than the system's, for slurm/scaling.sh alone

# What Perlmutter has no modules for: Kokkos with CUDA, CFITSIO, ERFA, yaml-cpp and fmt. spack.yaml is an environment that has
# them; `spack external find` lets it take the modules' CUDA and MPI.
#   module load spack && spack env activate /path/to/zspex && spack install
if command -v spack >/dev/null; then spack env activate "${ZSPEX_SPACK:-${home:-.}}"; fi

# HDF5 wants locks, which CFS may not have.
export HDF5_USE_FILE_LOCKING=FALSE
