/* Splits a line of text into the sentences to translate. Everything between them is copied: white space, separators of
 * table cells, list markers, cells and lines without letters, and the time lines of subtitles. */
#ifndef TEXT_SEGMENTS_H
#define TEXT_SEGMENTS_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes begin … end - 1 of a line. */
typedef struct {
    size_t begin, end;
} byte_range;

/* A walk through a line. Its members are private to segments.c. */
typedef struct {
    const char *line;
    size_t size;
    const byte_range *whole; /* [n_whole] */
    size_t n_whole;
    char separator; /* of the line's cells; 0 if it is not a table row */
    size_t at, cell_end;
} text_segments;

/* Starts at byte 0 of line [size], which must be valid UTF-8. No sentence or cell begins or ends inside one of the
 * ranges whole [n_whole], such as an address; they must be in order and must not overlap. Neither array is copied: both
 * must outlive the walk. */
void text_segments_start(text_segments *segments, const char *line, size_t size, const byte_range *whole,
                         size_t n_whole);

/* Sets *sentence to the next sentence: it has a letter, and no white space at its ends. Returns false after the last
 * one.
 *
 * A sentence ends after . ! ? … and closing quotes or brackets if the following text can start a sentence, but not
 * after abbreviations, initials and ordinals. The stops of Chinese, Japanese, Hindi and Arabic always end one. A tab
 * always separates cells; | ; and , do so if the line is clearly a table row. */
bool text_segments_next(byte_range *sentence, text_segments *segments);

/* The byte of the line at which to split a sentence that is too long. In the middle half of the sentence, that is after
 * the clause mark (, ; : –) nearest to the middle, or else at the nearest white space. Without either, it is the
 * character nearest to the middle. 0 if the sentence is a single character. */
size_t text_middle(const char *line, byte_range sentence);

/* Sets *trimmed to the range without white space at its ends. Returns false if nothing is left. */
bool text_trim(byte_range *trimmed, const char *line, byte_range range);

#endif
