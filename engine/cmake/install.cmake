# find_package(signbit) gives the target signbit::signbit; pkg-config knows it as signbit.
include(CMakePackageConfigHelpers)

set(SIGNBIT_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/signbit)
install(TARGETS signbit_engine EXPORT signbit
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library
  RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY include/signbit DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT signbit NAMESPACE signbit:: FILE signbitTargets.cmake DESTINATION ${SIGNBIT_CMAKE_DIR})
configure_package_config_file(cmake/signbitConfig.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/signbitConfig.cmake
  INSTALL_DESTINATION ${SIGNBIT_CMAKE_DIR})
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/signbitConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/signbitConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/signbitConfigVersion.cmake
  DESTINATION ${SIGNBIT_CMAKE_DIR})
file(RELATIVE_PATH SIGNBIT_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)  # it may be moved
configure_file(cmake/signbit.pc.in ${CMAKE_CURRENT_BINARY_DIR}/signbit.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/signbit.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
# What the archive of sdk.cmake has beside that.
install(FILES ../LICENSE ../docs/file-format.md DESTINATION . COMPONENT sdk EXCLUDE_FROM_ALL)
install(DIRECTORY ../examples/cpp_app DESTINATION examples COMPONENT sdk EXCLUDE_FROM_ALL)
