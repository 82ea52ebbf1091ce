# What every target is compiled with. The flags live here, once.

option(ILPD_FUZZ "Build the libFuzzer targets (needs clang)" OFF)
set(ILPD_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize takes them; empty for none")

set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()

find_program(ILPD_CCACHE ccache)
if(ILPD_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${ILPD_CCACHE})
endif()

find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json url)
find_package(PkgConfig REQUIRED)
pkg_check_modules(YamlCpp REQUIRED IMPORTED_TARGET yaml-cpp)
pkg_check_modules(Sqlite REQUIRED IMPORTED_TARGET sqlite3)
find_package(prometheus-cpp REQUIRED)
find_package(spdlog REQUIRED)
find_package(fmt REQUIRED)
find_package(CLI11 REQUIRED)

add_library(ilpd_options INTERFACE)
target_compile_features(ilpd_options INTERFACE cxx_std_23)
target_include_directories(ilpd_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(ilpd_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast -Wnon-virtual-dtor
  -Woverloaded-virtual -Werror)
# Asio waits for no exception from a handler of ours, and BOOST_ASIO_NO_DEPRECATED keeps old interfaces out.
target_compile_definitions(ilpd_options INTERFACE BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_SEPARATE_COMPILATION)

if(ILPD_SANITIZE)
  target_compile_options(ilpd_options INTERFACE -fsanitize=${ILPD_SANITIZE} -fno-sanitize-recover=all
    -fno-omit-frame-pointer)
  target_link_options(ilpd_options INTERFACE -fsanitize=${ILPD_SANITIZE})
  if(ILPD_SANITIZE MATCHES thread AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    # atomic_thread_fence inside Asio and libstdc++: TSan does not model it, and says so at each use.
    target_compile_options(ilpd_options INTERFACE -Wno-tsan)
  endif()
endif()

# ilpd_room(NAME SOURCES... DEPENDS ...): the static library of one room.
function(ilpd_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;DEPENDS" ${ARGN})
  add_library(ilpd_${name} STATIC ${ROOM_SOURCES})
  target_link_libraries(ilpd_${name} PUBLIC ilpd_options ${ROOM_DEPENDS})
endfunction()
