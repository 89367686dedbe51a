/* A line of text to the sentences that are translated. Everything between them is copied: white space, the separators
 * of table cells, list markers, cells and lines without letters, the time lines of subtitles. */
#ifndef TEXT_SEGMENTS_H
#define TEXT_SEGMENTS_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes begin … end - 1 of a line. */
typedef struct {
    size_t begin, end;
} byte_range;

/* Walks through a line, which must be valid UTF-8 and stay where it is. Private to segments.c. */
typedef struct {
    const char *line;
    size_t size;
    const byte_range *whole; /* [n_whole] */
    size_t n_whole;
    char separator; /* of the line's cells; 0 if it is not a table row */
    size_t at, cell_end;
} text_segments;

/* Starts at byte 0 of line [size]. Neither a sentence nor a cell begins or ends inside a range of whole [n_whole], for
 * example an address; the ranges are in order, do not overlap, and must stay where they are. */
void text_segments_start(text_segments *segments, const char *line, size_t size, const byte_range *whole,
                         size_t n_whole);

/* The next sentence, without white space around it; it has a letter. Returns false after the last one.
 *
 * A sentence ends after . ! ? … and closing quotes or brackets, if what follows can start a sentence, but not after
 * abbreviations, initials and ordinals; the stops of Chinese, Japanese, Hindi and Arabic always end one. A tab always
 * separates cells; | ; and , do if the line is clearly a table row. */
bool text_segments_next(byte_range *sentence, text_segments *segments);

/* Where to cut a sentence that is too long, between its begin and its end: after the clause mark (, ; : –) nearest to
 * the middle, else at the white space nearest to it, looking at the middle half; else at the character nearest to it.
 * 0 if the sentence is a single character. */
size_t text_middle(const char *line, byte_range sentence);

/* The range without white space around it; false if nothing is left. */
bool text_trim(byte_range *trimmed, const char *line, byte_range range);

#endif
