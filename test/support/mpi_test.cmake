# SPDX-License-Identifier: MIT
add_library(rankwise_mpi_test_main STATIC ${CMAKE_CURRENT_LIST_DIR}/mpi_test_main.cpp)
target_link_libraries(rankwise_mpi_test_main
  PUBLIC rankwise_test_session MPI::MPI_CXX
  PRIVATE rankwise_project_options Threads::Threads)

# For programs with MPI, where leaks are looked for.
add_library(rankwise_leak_checked INTERFACE)
if(RANKWISE_SANITIZE)
  target_sources(rankwise_leak_checked INTERFACE ${CMAKE_CURRENT_LIST_DIR}/keep_libraries.cpp)
  target_link_options(rankwise_leak_checked INTERFACE LINKER:--export-dynamic-symbol=dlclose)
endif()
target_link_libraries(rankwise_mpi_test_main INTERFACE rankwise_leak_checked)

# rankwise_mpi_test(<name> NP <n>... [CASE_TIMEOUT <s>]) builds <name>_test.cpp once and registers it for each NP.
# A hang is ended, and named, three times: by the case's deadline inside each rank, by mpirun, and by ctest.
function(rankwise_mpi_test name)
  cmake_parse_arguments(PARSE_ARGV 1 T "" "CASE_TIMEOUT" "NP")
  if(NOT T_NP OR T_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "rankwise_mpi_test(${name} ${ARGN}): expected NP <rank counts> [CASE_TIMEOUT <seconds>]")
  endif()
  if(NOT T_CASE_TIMEOUT)
    set(T_CASE_TIMEOUT 20)
  endif()
  if(RANKWISE_SANITIZE)
    math(EXPR T_CASE_TIMEOUT "${T_CASE_TIMEOUT} * 3")
  endif()
  math(EXPR mpirun_timeout "${T_CASE_TIMEOUT} * 3")
  math(EXPR ctest_timeout "${mpirun_timeout} + 10")

  add_executable(${name}_test ${name}_test.cpp)
  target_link_libraries(${name}_test PRIVATE rankwise_mpi_test_main rankwise::compiled rankwise_project_options)
  rankwise_spare_pointer_checks(${name}_test)
  if(RANKWISE_SANITIZE)
    # What the sanitizers find shows on few ranks; what only many ranks show, the plain build finds.
    list(FILTER T_NP INCLUDE REGEX "^[123]$")
  endif()
  foreach(n_ranks IN LISTS T_NP)
    set(test ${RANKWISE_TEST_PREFIX}mpi.${name}.np${n_ranks})
    add_test(NAME ${test}
      COMMAND ${MPIEXEC_EXECUTABLE} ${MPIEXEC_NUMPROC_FLAG} ${n_ranks} ${MPIEXEC_PREFLAGS} $<TARGET_FILE:${name}_test>)
    set_tests_properties(${test} PROPERTIES
      LABELS mpi PROCESSORS ${RANKWISE_ONE_CORE} TIMEOUT ${ctest_timeout}
      ENVIRONMENT "${RANKWISE_MPI_TEST_ENVIRONMENT};RANKWISE_TEST_CASE_TIMEOUT_S=${T_CASE_TIMEOUT};MPIEXEC_TIMEOUT=${mpirun_timeout}")
  endforeach()
endfunction()

# rankwise_mpi_failing_test(<name> NP <n> SAYS <regex>...) is for tests of the runner itself: the run has to fail, and
# its output has to match each regex.
function(rankwise_mpi_failing_test name)
  cmake_parse_arguments(PARSE_ARGV 1 T "" "NP;CASE_TIMEOUT" "SAYS")
  if(RANKWISE_SANITIZE)
    return()  # a run that is broken off has no leaks to look for
  endif()
  add_executable(${name}_test ${name}_test.cpp)
  target_link_libraries(${name}_test PRIVATE rankwise_mpi_test_main rankwise_project_options)
  set(test ${RANKWISE_TEST_PREFIX}mpi.${name})
  add_test(NAME ${test}
    COMMAND ${CMAKE_COMMAND} "-DSAYS=${T_SAYS}" -P ${PROJECT_SOURCE_DIR}/test/support/expect_failure.cmake --
      ${MPIEXEC_EXECUTABLE} ${MPIEXEC_NUMPROC_FLAG} ${T_NP} ${MPIEXEC_PREFLAGS} $<TARGET_FILE:${name}_test>)
  set_tests_properties(${test} PROPERTIES
    LABELS mpi PROCESSORS ${RANKWISE_ONE_CORE} TIMEOUT 60
    ENVIRONMENT "${RANKWISE_MPI_TEST_ENVIRONMENT};RANKWISE_TEST_CASE_TIMEOUT_S=${T_CASE_TIMEOUT};MPIEXEC_TIMEOUT=50")
endfunction()
