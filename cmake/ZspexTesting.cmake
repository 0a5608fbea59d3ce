# What the tests share. gtest_discover_tests() asks a test program for its tests when it is built.
include(GoogleTest)

# MPI on a machine with fewer cores than ranks, as root in a container, without ssh. Open MPI refuses the first two and warns
# about the third; other MPIs ignore these names. Debian's vader transport needs ptrace rights that containers withhold. Ranks
# that wait leave their core to others, as tests run side by side. What the user has measured (zspex measure) is not looked at.
set(ZSPEX_MPI_TEST_ENVIRONMENT
  OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
  PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe OMPI_MCA_hwloc_base_binding_policy=none
  OMPI_MCA_plm_rsh_agent=true OMPI_MCA_mpi_yield_when_idle=1 OMPI_MCA_btl_vader_single_copy_mechanism=none
  "XDG_CACHE_HOME=${PROJECT_BINARY_DIR}/cache")

# zspex_add_mpi_test(NAME RANKS COMMAND...): COMMAND under mpirun on RANKS ranks; ctest keeps as many cores free for it.
function(zspex_add_mpi_test name ranks)
  add_test(NAME ${name} COMMAND ${MPIEXEC_EXECUTABLE} ${MPIEXEC_NUMPROC_FLAG} ${ranks} ${MPIEXEC_PREFLAGS} ${ARGN})
  set_tests_properties(${name} PROPERTIES PROCESSORS ${ranks} ENVIRONMENT "${ZSPEX_MPI_TEST_ENVIRONMENT}")
endfunction()
