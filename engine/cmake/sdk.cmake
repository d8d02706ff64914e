# cmake -DARCH=aarch64 [-DTOOLCHAIN=FILE] -DOUT=FOLDER -P engine/cmake/sdk.cmake writes
# OUT/signbit-VERSION-linux-ARCH.tar.gz: signbit-run, the headers, both libraries, the CMake package, an example and
# the specification of the model file.
get_filename_component(engine ${CMAKE_CURRENT_LIST_DIR} DIRECTORY)
file(STRINGS ${engine}/CMakeLists.txt version REGEX "^project")
string(REGEX REPLACE ".* VERSION ([0-9.]+) .*" "\\1" version "${version}")
set(name signbit-${version}-linux-${ARCH})
get_filename_component(build ${engine}/../build/sdk-${ARCH} ABSOLUTE)

function(run)
  execute_process(COMMAND ${ARGV} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

set(configure ${CMAKE_COMMAND} -S ${engine} -G Ninja
  -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_LIBDIR=lib -DCMAKE_INSTALL_MESSAGE=NEVER)
if(TOOLCHAIN)
  list(APPEND configure -DCMAKE_TOOLCHAIN_FILE=${TOOLCHAIN})
endif()
file(REMOVE_RECURSE ${build}/${name})
# The program is static: it runs on any Linux of that processor. The CMake package is that of the static library.
run(${configure} -B ${build}/static -DCMAKE_EXE_LINKER_FLAGS=-static)
run(${CMAKE_COMMAND} --build ${build}/static)
run(${configure} -B ${build}/shared -DBUILD_SHARED_LIBS=ON -DSIGNBIT_PROGRAMS=OFF)
run(${CMAKE_COMMAND} --build ${build}/shared)
run(${CMAKE_COMMAND} --install ${build}/static --prefix ${build}/${name} --strip)
run(${CMAKE_COMMAND} --install ${build}/static --prefix ${build}/${name} --component sdk)
run(${CMAKE_COMMAND} --install ${build}/shared --prefix ${build}/${name} --component library --strip)
file(MAKE_DIRECTORY ${OUT})
execute_process(COMMAND ${CMAKE_COMMAND} -E tar czf ${OUT}/${name}.tar.gz ${name}
  WORKING_DIRECTORY ${build} COMMAND_ERROR_IS_FATAL ANY)
message("${OUT}/${name}.tar.gz")
