# Writes revision.cpp when the revision of the source has changed; without git, or outside a repository, it is "unknown".
# cmake -DSOURCE=... -DOUTPUT=... -P revision.cmake
set(revision "unknown")
find_program(GIT git)
if(GIT AND EXISTS "${SOURCE}/.git")
  # safe.directory: the source may belong to somebody else, as in a container. --no-optional-locks: a build must not touch the index.
  execute_process(
    COMMAND ${GIT} -c "safe.directory=${SOURCE}" --no-optional-locks describe --always --dirty --abbrev=12 --exclude=*
    WORKING_DIRECTORY "${SOURCE}" OUTPUT_VARIABLE found ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE status)
  if(status EQUAL 0 AND found)
    set(revision "${found}")
  endif()
endif()
set(text "#include \"pipeline/provenance.hpp\"\n
namespace zspex::pipeline {
std::string_view program_revision() { return \"${revision}\"; }
}  // namespace zspex::pipeline\n")
set(old "")
if(EXISTS "${OUTPUT}")
  file(READ "${OUTPUT}" old)
endif()
if(NOT old STREQUAL text)
  file(WRITE "${OUTPUT}" "${text}")
endif()
