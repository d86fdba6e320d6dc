# SPDX-License-Identifier: MIT
add_library(rankwise_test_main STATIC ${CMAKE_CURRENT_LIST_DIR}/test_main.cpp)
target_include_directories(rankwise_test_main PUBLIC ${CMAKE_CURRENT_LIST_DIR})
target_link_libraries(rankwise_test_main PUBLIC Catch2::Catch2 PRIVATE rankwise_project_options)

# rankwise_pure_tests(<label> TIMEOUT <s>) makes one program and one test, <label>.<name>, of each <name>_test.cpp beside or
# below the calling file.
function(rankwise_pure_tests label)
  cmake_parse_arguments(PARSE_ARGV 1 T "" "TIMEOUT" "")
  if(RANKWISE_SANITIZE)
    math(EXPR T_TIMEOUT "${T_TIMEOUT} * 3")
  endif()
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*_test.cpp)
  foreach(source IN LISTS sources)
    cmake_path(GET source STEM program)
    string(REGEX REPLACE "_test$" "" name ${program})
    set(target ${label}_${program})
    add_executable(${target} ${source})
    target_include_directories(${target} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
    target_link_libraries(${target} PRIVATE rankwise_test_main rankwise::compiled rankwise_project_options)
    set(test ${RANKWISE_TEST_PREFIX}${label}.${name})
    add_test(NAME ${test} COMMAND ${target} --order decl)
    set_tests_properties(${test} PROPERTIES LABELS ${label} TIMEOUT ${T_TIMEOUT} PROCESSORS ${RANKWISE_ONE_CORE}
      ENVIRONMENT "${RANKWISE_TEST_ENVIRONMENT}")
  endforeach()
endfunction()
