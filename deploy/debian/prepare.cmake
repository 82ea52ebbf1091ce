# Run by CPack between installing and packing: adds what Debian's policy asks of a package beyond what is installed
# elsewhere. Everything that it writes has the date of the release, so the same build gives the same files.
set(share "${CPACK_TEMPORARY_INSTALL_DIRECTORY}/usr/share")
set(doc "${share}/doc/ilpd")

if(NOT CPACK_ILPD_DATE)
  message(FATAL_ERROR "CHANGELOG.md has no heading `## ${CPACK_PACKAGE_VERSION} (YEAR-MONTH-DAY)`: a package is of a release")
endif()
file(COPY "${CPACK_ILPD_DEBIAN}/copyright" DESTINATION "${doc}")
file(WRITE "${doc}/changelog.Debian" "ilpd (${CPACK_PACKAGE_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE}) unstable; urgency=medium

  * New release: see changelog.gz.

 -- ${CPACK_PACKAGE_CONTACT}  ${CPACK_ILPD_DATE}
")
file(RENAME "${doc}/CHANGELOG.md" "${doc}/changelog")
file(GLOB pages "${share}/man/man1/*.1" "${share}/man/man5/*.5")
execute_process(COMMAND gzip --best --no-name "${doc}/changelog" "${doc}/changelog.Debian" ${pages}
  COMMAND_ERROR_IS_FATAL ANY)
