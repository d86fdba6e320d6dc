# SPDX-License-Identifier: MIT
add_library(rankwise_test_session STATIC ${CMAKE_CURRENT_LIST_DIR}/catch_session.cpp)
target_include_directories(rankwise_test_session PUBLIC ${CMAKE_CURRENT_LIST_DIR})
target_link_libraries(rankwise_test_session PUBLIC Catch2::Catch2 PRIVATE rankwise_project_options)

add_library(rankwise_test_main STATIC ${CMAKE_CURRENT_LIST_DIR}/test_main.cpp)
target_link_libraries(rankwise_test_main PUBLIC rankwise_test_session PRIVATE rankwise_project_options)

# rankwise_optimise(<test>...) is for tests that compute for long: asan, which is built without optimisation, has them optimised.
function(rankwise_optimise)
  if(RANKWISE_SANITIZE)
    foreach(test IN LISTS ARGN)
      target_compile_options(${test} PRIVATE $<$<CXX_COMPILER_ID:GNU,Clang>:-O1>)
    endforeach()
  endif()
endfunction()

# rankwise_spare_pointer_checks(<test>...) is for tests that the compiler takes long for: of each use of a pointer, asan then
# checks the memory alone, and not that the pointer is aligned and of the right class. The unit and fuzz tests, the compiled
# library and src/ keep these checks; a null pointer is found either way.
function(rankwise_spare_pointer_checks)
  if(RANKWISE_SANITIZE)
    foreach(test IN LISTS ARGN)
      target_compile_options(${test} PRIVATE -fno-sanitize=null,alignment,vptr)
    endforeach()
  endif()
endfunction()

# rankwise_pure_tests(<label> TIMEOUT <s> [APART <name>...]) makes one program and one test, <label>.<name>, of each
# <name>_test.cpp beside or below the calling file.
#
# With RANKWISE_JOIN_TESTS, the tests run in one program of all these files, which is compiled in half the time: up to eight
# files are one source, each in a namespace of its own. A test's own program is then built only if it is asked for. Files
# that are to stay APART have programs of their own: for options of their own, or functions that replace the system's.
function(rankwise_pure_tests label)
  cmake_parse_arguments(PARSE_ARGV 1 T "" "TIMEOUT" "APART")
  if(RANKWISE_SANITIZE)
    math(EXPR T_TIMEOUT "${T_TIMEOUT} * 3")
  endif()
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*_test.cpp)
  set(joined "")
  foreach(source IN LISTS sources)
    cmake_path(GET source STEM program)
    string(REGEX REPLACE "_test$" "" name ${program})
    set(target ${label}_${program})
    rankwise_pure_test_program(${target} ${source})
    set(command ${target})
    if(RANKWISE_JOIN_TESTS AND NOT name IN_LIST T_APART)
      list(APPEND joined ${source})
      set_target_properties(${target} PROPERTIES EXCLUDE_FROM_ALL ON)
      cmake_path(GET CMAKE_CURRENT_SOURCE_DIR FILENAME folder)
      set(command joined_${folder}_tests --filenames-as-tags "[#${program}]")
    endif()
    set(test ${RANKWISE_TEST_PREFIX}${label}.${name})
    add_test(NAME ${test} COMMAND ${command} --order decl)
    set_tests_properties(${test} PROPERTIES LABELS ${label} TIMEOUT ${T_TIMEOUT} PROCESSORS ${RANKWISE_ONE_CORE}
      FAIL_REGULAR_EXPRESSION "No test cases matched" ENVIRONMENT "${RANKWISE_TEST_ENVIRONMENT}")
  endforeach()
  if(joined)
    rankwise_join_sources(parts ${joined})
    rankwise_pure_test_program(joined_${folder}_tests ${parts})
  endif()
endfunction()

function(rankwise_pure_test_program target)
  add_executable(${target} ${ARGN})
  target_include_directories(${target} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  target_link_libraries(${target} PRIVATE rankwise_test_main rankwise::compiled rankwise_project_options)
endfunction()

# rankwise_join_sources(<variable> <source>...): up to eight of them are one, and of about the same number each.
function(rankwise_join_sources variable)
  list(LENGTH ARGN n_sources)
  math(EXPR n_parts "(${n_sources} + 7) / 8")
  set(parts "")
  foreach(part RANGE 1 ${n_parts})
    math(EXPR first "(${part} - 1) * ${n_sources} / ${n_parts}")
    math(EXPR n "${part} * ${n_sources} / ${n_parts} - ${first}")
    list(SUBLIST ARGN ${first} ${n} sources)
    set(out ${CMAKE_CURRENT_BINARY_DIR}/joined_${part}.cpp)
    add_custom_command(OUTPUT ${out}
      COMMAND ${CMAKE_COMMAND} -DOUT=${out} -P ${PROJECT_SOURCE_DIR}/test/support/join_sources.cmake -- ${sources}
      DEPENDS ${sources} ${PROJECT_SOURCE_DIR}/test/support/join_sources.cmake)
    list(APPEND parts ${out})
  endforeach()
  set(${variable} ${parts} PARENT_SCOPE)
endfunction()
