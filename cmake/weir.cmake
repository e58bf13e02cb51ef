# How weir's own targets are built: flags, one static library per folder, one test binary per folder.

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
endif()

# Dev: quick to compile, still optimised enough that sanitised tests finish in minutes.
set(CMAKE_CXX_FLAGS_DEV "-O1 -g1" CACHE STRING "" FORCE)
set(CMAKE_C_FLAGS_DEV "-O1 -g1" CACHE STRING "" FORCE)
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1" CACHE STRING "" FORCE)

find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

if(WEIR_SANITIZE)
  add_compile_options(-fsanitize=${WEIR_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${WEIR_SANITIZE})
endif()
if(WEIR_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

set(WEIR_WARNINGS -Wall -Wextra -Wshadow -Wconversion -Werror)
if(WEIR_FUZZ)
  set(WEIR_WARNINGS -w)  # the product's compiler is the one whose warnings count
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 sees uninitialised strings in std::optional and Result that are none.
  list(APPEND WEIR_WARNINGS -Wno-maybe-uninitialized)
  if(WEIR_SANITIZE)
    # And more ghosts once the sanitizers' checks are woven in.
    list(APPEND WEIR_WARNINGS -Wno-stringop-overflow -Wno-array-bounds -Wno-stringop-overread
         -Wno-nonnull -Wno-restrict)
  endif()
endif()

add_library(doctest_main STATIC ${CMAKE_SOURCE_DIR}/test/doctest_main.cc)

# weir_library(<folder> USES <library>...): src/<folder>/**.cc becomes weir_<folder>; its *_test.cc
# become the test program <folder>_test, its *_bench.cc the benchmark <folder>_bench.
function(weir_library folder)
  cmake_parse_arguments(ARG "" "" "USES" ${ARGN})
  set(root ${CMAKE_SOURCE_DIR}/src/${folder})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${root}/*.cc)
  set(tests ${sources})
  set(benches ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER benches INCLUDE REGEX "_bench\\.cc$")
  list(FILTER sources EXCLUDE REGEX "(_test|_bench|/main)\\.cc$")

  if(sources)
    add_library(weir_${folder} STATIC ${sources})
    target_include_directories(weir_${folder} PUBLIC ${CMAKE_SOURCE_DIR}/src)
    target_link_libraries(weir_${folder} PUBLIC ${ARG_USES})
    target_compile_options(weir_${folder} PRIVATE ${WEIR_WARNINGS})
  else()
    add_library(weir_${folder} INTERFACE)
    target_include_directories(weir_${folder} INTERFACE ${CMAKE_SOURCE_DIR}/src)
    target_link_libraries(weir_${folder} INTERFACE ${ARG_USES})
  endif()

  if(tests AND NOT WEIR_FUZZ)
    add_executable(${folder}_test ${tests})
    target_link_libraries(${folder}_test PRIVATE weir_${folder} doctest_main)
    target_compile_options(${folder}_test PRIVATE ${WEIR_WARNINGS})
    target_compile_definitions(${folder}_test PRIVATE
                               WEIR_TEST_DIR="${CMAKE_SOURCE_DIR}/test")
    add_test(NAME ${folder} COMMAND ${folder}_test)
    set_tests_properties(${folder} PROPERTIES TIMEOUT 600)
  endif()
  if(benches AND NOT WEIR_FUZZ)
    find_package(benchmark REQUIRED)
    add_executable(${folder}_bench EXCLUDE_FROM_ALL ${benches})
    target_link_libraries(${folder}_bench PRIVATE weir_${folder} benchmark::benchmark_main)
    target_compile_options(${folder}_bench PRIVATE ${WEIR_WARNINGS})
  endif()
endfunction()
