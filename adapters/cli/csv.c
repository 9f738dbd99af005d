/* csv.c: cells and rows. Contract in csv.h. */
#include "csv.h"

#include <string.h>

void sch_csv_begin(FILE *out)
{
    fputs("\xef\xbb\xbf", out);
}

static void write_cell(FILE *out, const char *cell)
{
    bool formula = cell[0] != '\0' && strchr("=+-@\t\r", cell[0]) != NULL;
    bool quoted = strpbrk(cell, ";\"\r\n") != NULL;
    if (quoted)
        fputc('"', out);
    if (formula)
        fputc('\'', out);
    for (; *cell != '\0'; cell++) {
        if (*cell == '"')
            fputc('"', out);
        fputc(*cell, out);
    }
    if (quoted)
        fputc('"', out);
}

void sch_csv_row(FILE *out, const char *const *cell, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            fputc(';', out);
        write_cell(out, cell[i]);
    }
    fputs("\r\n", out);
}
