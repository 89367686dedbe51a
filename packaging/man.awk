# Prints the manual page; -v version=… is that of the program.
function escape(text) {
  gsub(/\\/, "\\e", text)
  gsub(/-/, "\\-", text)
  while (match(text, /`[^`]*`/))
    text = substr(text, 1, RSTART - 1) "\\fB" substr(text, RSTART + 1, RLENGTH - 2) "\\fR" substr(text, RSTART + RLENGTH)
  sub(/^['.]/, "\\\\\\&&", text)
  return text
}

END {
  print ".TH TRANSLATE 1 \"\" \"transformer.c " version "\" \"User Commands\""
  match(paragraph[2], /\. /)
  print ".SH NAME\ntranslate \\- " tolower(substr(paragraph[2], 1, 1)) escape(substr(paragraph[2], 2, RSTART - 2))
  print ".SH SYNOPSIS\n.B translate\n" escape(substr(paragraph[1], length("translate ") + 1)) "\n.SH DESCRIPTION"
  for (i = 2; i < n_paragraphs; i++) print (i > 2 ? ".PP\n" : "") escape(paragraph[i])
  print ".SH OPTIONS"
  for (i = 1; i <= n_options; i++) {
    name = (short[i] ? "\\fB\\-" short[i] "\\fR, " : "") "\\fB" escape("--" long[i]) "\\fR"
    if (value[i]) name = name (optional[i] ? "[=\\fI" value[i] "\\fR]" : " \\fI" value[i] "\\fR")
    if (heading[i]) print ".SS " heading[i]
    print ".TP\n" name "\n" escape(about[i])
  }
  print ".SH EXIT STATUS\n" escape(substr(paragraph[n_paragraphs], length("Exit status: ") + 1))
}
