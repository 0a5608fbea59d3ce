# Sourced: lets ranks start on any single machine: as root in a container, with fewer cores than ranks, without ssh. Open MPI
# refuses the first two, and its launcher looks for ssh even where it needs none; its vader transport copies between processes
# with rights that containers withhold. Other MPIs do not know these names. What the caller has set stays.
# cmake/ZspexTesting.cmake says the same for the tests.
if [[ $(id -u) == 0 ]]; then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
if [[ $(id -u) == 0 || -f /.dockerenv || -f /run/.containerenv ]]; then
  export OMPI_MCA_btl_vader_single_copy_mechanism=${OMPI_MCA_btl_vader_single_copy_mechanism:-none}
fi
if ! command -v ssh >/dev/null; then
  export OMPI_MCA_plm_rsh_agent=${OMPI_MCA_plm_rsh_agent:-true}
fi
export OMPI_MCA_rmaps_base_oversubscribe=${OMPI_MCA_rmaps_base_oversubscribe:-1}
export PRTE_MCA_rmaps_default_mapping_policy=${PRTE_MCA_rmaps_default_mapping_policy:-:oversubscribe}
export OMPI_MCA_hwloc_base_binding_policy=${OMPI_MCA_hwloc_base_binding_policy:-none}
# Ranks that wait leave their core to whoever works there.
export OMPI_MCA_mpi_yield_when_idle=${OMPI_MCA_mpi_yield_when_idle:-1}
# It gives its ranks a terminal of their own even where our output goes to a file: no moving progress bars there.
if [[ ! -t 1 ]]; then
  export TERM=dumb
fi
