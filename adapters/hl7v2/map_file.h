/*
 * map_file.h: reads a map from its INI file. scharnier-hl7v2(8), "MAP", describes the file.
 */
#ifndef SCH_HL7V2_MAP_FILE_H
#define SCH_HL7V2_MAP_FILE_H

#include "map.h"

/* Reads path into *map (close it with sch_map_close()). Every wrong line goes to report (may be NULL).
 * SCH_OK, or the first error: IO, CONFIG "file:line: what", NO_MEMORY; then *map is closed. */
int sch_map_file_read(const char *path, void (*report)(void *context, const char *line), void *context,
                      struct sch_map *map, sch_error *error);

/* The same from content under the name `name`, for tests. */
int sch_map_file_parse(const char *name, const char *content, size_t size, struct sch_map *map,
                       sch_error *error);

/* Reads "PRD[1=RT]-7.1" or "'constant'". False when it is neither. */
bool sch_map_file_path(const char *text, struct sch_map_path *path);

#endif
