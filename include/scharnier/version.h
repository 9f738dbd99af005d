/* version.h: the version of the library, and the range of wire versions that it speaks. */
#ifndef SCHARNIER_VERSION_H
#define SCHARNIER_VERSION_H

#define SCH_VERSION_MAJOR 0
#define SCH_VERSION_MINOR 1
#define SCH_VERSION_PATCH 0
#define SCH_VERSION "0.1.0"

/* proto/PROTOCOL.md, "Versions": a broker speaks N and N-1. */
#define SCH_WIRE_MIN 1
#define SCH_WIRE_MAX 1

#endif
