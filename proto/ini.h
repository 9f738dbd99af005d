/*
 * ini.h: configuration files: INI by libinih, with line numbers and "did you mean".
 *
 * Every file of Scharnier is read through here: scharnierd.conf, client files, directories, norms, permits,
 * HL7v2 maps. A line is at most 199 bytes; a longer list continues on lines that begin with a blank.
 */
#ifndef SCH_PROTO_INI_H
#define SCH_PROTO_INI_H

#include <scharnier/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sch_ini;

/*
 * One "name = value" in section (section "" before the first). name NULL: a section begins, and value is
 * NULL too; an error there skips the section's lines. A continued line comes as a further call with the
 * same name; the value of the first line may be empty. A name given twice in a section is refused before
 * it comes here; a section that comes twice is the handler's to refuse. Return SCH_OK, or sch_ini_error().
 *
 * "[section]" begins in column 1, names have no ":" and at most 49 bytes, comments begin with ";" or "#"
 * at the start of a line, or with ";" after a blank.
 */
typedef int sch_ini_fn(void *context, const struct sch_ini *ini, const char *section, const char *name,
                       const char *value);

/* Reads path, or content under the name `name`. Returns SCH_OK or the code of the first error, with
 * *error's text "file:line: what". IO when the file cannot be read; CONFIG for a line whose form is wrong,
 * which a caller with a code of its own replaces by that. Every erroneous line is also passed to
 * report, which may be NULL; reading goes on, so that one run shows all that is wrong. */
typedef void sch_ini_report_fn(void *context, const char *line);
int sch_ini_read_file(const char *path, sch_ini_fn *handle, sch_ini_report_fn *report, void *context,
                      sch_error *error);
int sch_ini_read_bytes(const char *name, const uint8_t *content, size_t size, sch_ini_fn *handle,
                       sch_ini_report_fn *report, void *context, sch_error *error);

/* For handlers: notes "file:line: <text>" as this line's error, under code (CONFIG, NORM_FORMAT, …). */
int sch_ini_error(const struct sch_ini *ini, enum sch_error_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* "unknown key "max_retrys"; did you mean "max_retries"?" */
int sch_ini_unknown(const struct sch_ini *ini, enum sch_error_code code, const char *what, const char *word,
                    const char *const *candidates, size_t count);

/* For handlers, of a name with one value: notes an error when this line continues the one before it, whose place
 * its value would take in silence. */
int sch_ini_one_line(const struct sch_ini *ini, enum sch_error_code code, const char *name);

/* Values. Each returns SCH_OK or notes the error. */
int sch_ini_uint(const struct sch_ini *ini, enum sch_error_code code, const char *name, const char *value,
                 uint64_t min, uint64_t max, uint64_t *out);
int sch_ini_bool(const struct sch_ini *ini, enum sch_error_code code, const char *name, const char *value,
                 bool *out);                    /* yes, no, true, false, on, off */
int sch_ini_hex(const struct sch_ini *ini, enum sch_error_code code, const char *name, const char *value,
                uint8_t *out, size_t size);     /* exactly size bytes */
int sch_ini_time(const struct sch_ini *ini, enum sch_error_code code, const char *name, const char *value,
                 int64_t *out_ms);              /* RFC 3339 with zone, or a date: 00:00 UTC */

#endif
