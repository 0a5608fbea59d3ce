# cmake --install BUILD --prefix PREFIX: the program, ready configurations, Slurm scripts, documents, manual and completion.
include(GNUInstallDirs)
set(zspex_data "${CMAKE_INSTALL_DATADIR}/zspex")

# Kokkos, MPI and HDF5 of a cluster lie where no loader looks by itself.
set_target_properties(zspex PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
install(TARGETS zspex RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")

install(DIRECTORY config/ DESTINATION "${zspex_data}/config" FILES_MATCHING PATTERN "*.yaml"
  PATTERN base EXCLUDE)
# The scripts find each other and the program by their places, which are as in the repository.
install(PROGRAMS slurm/extract.sh slurm/redshift.sh slurm/scaling.sh slurm/with_mps.sh DESTINATION "${zspex_data}/slurm")
install(FILES slurm/job.sh slurm/perlmutter_setup.sh DESTINATION "${zspex_data}/slurm")
install(FILES scripts/mpi_environment.sh DESTINATION "${zspex_data}/scripts")
install(DIRECTORY benchmarks/scaling DESTINATION "${zspex_data}/benchmarks" USE_SOURCE_PERMISSIONS PATTERN __pycache__ EXCLUDE)

install(FILES README.md CHANGELOG.md CITATION.cff LICENSE DESTINATION "${CMAKE_INSTALL_DOCDIR}")
install(DIRECTORY docs DESTINATION "${CMAKE_INSTALL_DOCDIR}"
  FILES_MATCHING PATTERN "*.md" PATTERN "*.svg" PATTERN "*.png")

# The manual and what shells complete with are what the build's own zspex_print_help prints. A build for another kind of machine
# can't run it, and goes without them.
# zspex_install_help(FILE FOLDER TOPIC...)
function(zspex_install_help file folder)
  set(output "${PROJECT_BINARY_DIR}/share/${file}")
  get_filename_component(output_folder "${output}" DIRECTORY)
  add_custom_command(OUTPUT "${output}"
    COMMAND ${CMAKE_COMMAND} -E make_directory "${output_folder}"
    COMMAND zspex_print_help ${ARGN} > "${output}"
    DEPENDS zspex_print_help COMMENT "Making share/${file}" VERBATIM)
  string(MAKE_C_IDENTIFIER "zspex_help_${file}" target)
  add_custom_target(${target} ALL DEPENDS "${output}")
  install(FILES "${output}" DESTINATION "${folder}")
endfunction()
if(NOT CMAKE_CROSSCOMPILING OR CMAKE_CROSSCOMPILING_EMULATOR)
  zspex_install_help(man/man1/zspex.1 "${CMAKE_INSTALL_MANDIR}/man1" help man)
  zspex_install_help(bash-completion/completions/zspex "${CMAKE_INSTALL_DATADIR}/bash-completion/completions" completion bash)
  zspex_install_help(zsh/site-functions/_zspex "${CMAKE_INSTALL_DATADIR}/zsh/site-functions" completion zsh)
endif()
