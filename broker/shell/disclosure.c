/*
 * disclosure.c: complementary suppression in a table of two ways.
 *
 * Every cell, totals included, stands in the equation of its row and in that of its column: the hidden cells
 * are the edges of a graph whose nodes are the lines. A hidden cell can be worked out exactly when its edge
 * is a bridge, for along any circle what is hidden could be one more here and one less there.
 */
#include "disclosure.h"

#include <stdlib.h>
#include <string.h>

#include <scharnier/error.h>

bool sch_disclosure_is_small(uint32_t count)
{
    return count > 0 && count < SCH_DISCLOSURE_MIN;
}

/* ---- lines -------------------------------------------------------------------------------------- */

/* A row or a column: where it begins and how far its cells lie apart. The first one is the total. */
struct line {
    size_t first, step, count;
};

static struct line line_of(const struct sch_disclosure *table, size_t number)
{
    if (number < table->columns)
        return (struct line){ number, table->columns, table->rows };
    return (struct line){ (number - table->columns) * table->columns, 1, table->columns };
}

/* Columns first; the rows of a table of one column are no lines. */
static size_t line_count(const struct sch_disclosure *table)
{
    return table->columns + (table->columns > 1 ? table->rows : 0);
}

/* Hides the smallest group of a line that is shown; its total only when nothing else is left. */
static bool hide_one(const struct sch_disclosure *table, const struct line *line)
{
    size_t best = SIZE_MAX;

    for (size_t i = 1; i < line->count; i++) {
        size_t at = line->first + i * line->step;

        if (table->count[at] > 0 && !table->hidden[at] &&
            (best == SIZE_MAX || table->count[at] < table->count[best]))
            best = at;
    }
    if (best == SIZE_MAX && table->count[line->first] > 0 && !table->hidden[line->first])
        best = line->first;
    if (best != SIZE_MAX)
        table->hidden[best] = true;
    return best != SIZE_MAX;
}

/* Is something of this line given away by the rest of it? */
static bool gives_away(const struct sch_disclosure *table, const struct line *line)
{
    size_t hidden = 0;
    uint64_t sum = 0;

    for (size_t i = 1; i < line->count; i++) {
        size_t at = line->first + i * line->step;

        hidden += table->hidden[at];
        sum += table->hidden[at] ? table->count[at] : 0;
    }
    if (table->hidden[line->first])
        return hidden == 0;
    return hidden == 1 || (hidden > 1 && sum < SCH_DISCLOSURE_MIN);
}

static void close_lines(const struct sch_disclosure *table)
{
    bool changed = true;

    while (changed) {
        changed = false;
        for (size_t i = 0; i < line_count(table); i++) {
            struct line line = line_of(table, i);

            while (gives_away(table, &line) && hide_one(table, &line))
                changed = true;
        }
    }
}

/* ---- bridges ------------------------------------------------------------------------------------ */

/* A walk over the graph of hidden cells. Nodes are lines, numbered as line_of() does. */
struct walk {
    const struct sch_disclosure *table;
    uint32_t *seen;                     /* when a node was reached; 0: not yet */
    uint32_t *low;                      /* the earliest node that can be reached below it by another way */
    uint32_t clock;
    size_t bridge;                      /* a cell; SIZE_MAX: none found */
};

/* Where a cell leads from this node, and its number. */
static size_t across(const struct sch_disclosure *table, size_t node, size_t i, size_t *cell)
{
    struct line line = line_of(table, node);

    *cell = line.first + i * line.step;
    return node < table->columns ? table->columns + i : i;
}

/* Goes as deep as twice the columns at most, for a way meets a column between any two rows. */
static void visit(struct walk *walk, size_t node, size_t from)
{
    struct line line = line_of(walk->table, node);

    walk->seen[node] = walk->low[node] = ++walk->clock;
    for (size_t i = 0; i < line.count; i++) {
        size_t cell, next = across(walk->table, node, i, &cell);

        if (!walk->table->hidden[cell] || cell == from)
            continue;
        if (walk->seen[next] == 0) {
            visit(walk, next, cell);
            if (walk->low[next] > walk->seen[node])
                walk->bridge = cell;
        }
        if (walk->low[next] < walk->low[node])
            walk->low[node] = walk->low[next];
    }
}

/* Any hidden cell that is a bridge; SIZE_MAX when none is. */
static size_t find_bridge(struct walk *walk)
{
    size_t nodes = walk->table->columns + walk->table->rows;

    memset(walk->seen, 0, nodes * sizeof *walk->seen);
    walk->clock = 0;
    walk->bridge = SIZE_MAX;
    for (size_t node = 0; node < nodes && walk->bridge == SIZE_MAX; node++)
        if (walk->seen[node] == 0)
            visit(walk, node, SIZE_MAX);
    return walk->bridge;
}

/* Hides more around a bridge: in its row, in its column, and when both are hidden, the next cell anywhere.
 * When all that counts somebody is hidden, each cell lies on a circle with the totals: none is a bridge. */
static bool break_bridge(const struct sch_disclosure *table, size_t cell)
{
    struct line row = line_of(table, table->columns + cell / table->columns);
    struct line column = line_of(table, cell % table->columns);

    if (hide_one(table, &row) || hide_one(table, &column))
        return true;
    for (size_t i = 0; i < table->columns; i++) {
        struct line other = line_of(table, i);

        if (hide_one(table, &other))
            return true;
    }
    return false;
}

int sch_disclosure_close(const struct sch_disclosure *table)
{
    struct walk walk = { .table = table };
    size_t bridge;
    int code = SCH_E_NO_MEMORY;

    for (size_t i = 0; i < table->rows * table->columns; i++)
        table->hidden[i] = table->hidden[i] || sch_disclosure_is_small(table->count[i]);
    walk.seen = calloc(table->rows + table->columns, sizeof *walk.seen);
    walk.low = calloc(table->rows + table->columns, sizeof *walk.low);
    if (walk.seen == NULL || walk.low == NULL)
        goto end;
    code = SCH_OK;
    close_lines(table);
    while (table->columns > 1 && (bridge = find_bridge(&walk)) != SIZE_MAX && break_bridge(table, bridge))
        close_lines(table);
end:
    free(walk.low);
    free(walk.seen);
    return code;
}

/* The parts of a group are hidden or shown together: what could be one more here and one less there in one
 * part could be the other way round in another, so that their sum stays what it is. */
int sch_disclosure_publish(const struct sch_disclosure *table, bool *parts)
{
    const struct sch_disclosure in_parts = { table->count, parts, table->rows, table->columns };
    int code = sch_disclosure_close(table);

    for (size_t i = 0; i < table->rows * table->columns; i++)
        parts[i] = parts[i] || table->hidden[i];
    return code == SCH_OK ? sch_disclosure_close(&in_parts) : code;
}
