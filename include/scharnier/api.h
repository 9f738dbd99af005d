/* api.h: marks what libscharnier exports; everything else in the shared library is hidden. */
#ifndef SCHARNIER_API_H
#define SCHARNIER_API_H

#define SCH_API __attribute__((visibility("default")))

#endif
