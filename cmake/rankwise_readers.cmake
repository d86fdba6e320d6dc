# SPDX-License-Identifier: MIT
# rankwise_link_reader_libraries(<target>) links the interface library with what the record readers use where it is
# there, and says what it leaves out. Installed with the package: it is the user's machine that counts.
function(rankwise_link_reader_libraries target)
  foreach(library IN ITEMS
      "HIGHWAY|hwy/highway.h|hwy|libhwy-dev|words are found more slowly"
      "ZLIB|zlib.h|z|zlib1g-dev|gzip files can't be read"
      "ZSTD|zstd.h|zstd|libzstd-dev|zstd files can't be read")
    string(REPLACE "|" ";" library "${library}")
    list(GET library 0 name)
    list(GET library 1 header)
    list(GET library 2 file)
    list(GET library 3 package)
    list(GET library 4 loss)
    find_path(RANKWISE_${name}_INCLUDE_DIR ${header})
    find_library(RANKWISE_${name}_LIBRARY ${file})
    mark_as_advanced(RANKWISE_${name}_INCLUDE_DIR RANKWISE_${name}_LIBRARY)
    if(RANKWISE_${name}_INCLUDE_DIR AND RANKWISE_${name}_LIBRARY)
      target_include_directories(${target} SYSTEM INTERFACE ${RANKWISE_${name}_INCLUDE_DIR})
      target_link_libraries(${target} INTERFACE ${RANKWISE_${name}_LIBRARY})
      target_compile_definitions(${target} INTERFACE RANKWISE_HAS_${name})
    else()
      message(STATUS "rankwise::readers: ${loss} (${package} is not here)")
    endif()
  endforeach()
endfunction()
