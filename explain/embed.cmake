# cmake -DROOM=explain -DOUTPUT=page.c -P embed.cmake: page.html as C arrays, with the style sheet and the scripts that
# it names put inside it, cut in two at @data@.

file(READ ${ROOM}/page.html page)
string(REGEX MATCHALL "[a-z]+[.](css|js)" names "${page}")
foreach(name ${names})
  file(READ ${ROOM}/${name} content)
  string(REPLACE "<link rel=\"stylesheet\" href=\"${name}\">" "<style>\n${content}</style>" page "${page}")
  string(REPLACE "<script src=\"${name}\"></script>" "<script>\n${content}</script>" page "${page}")
endforeach()

function(c_array array text)
  file(WRITE ${OUTPUT}.part "${text}")
  file(READ ${OUTPUT}.part hex HEX)
  string(REGEX REPLACE "(..)" "'\\\\x\\1'," characters "${hex}")
  file(APPEND ${OUTPUT} "const char ${array}[] = {${characters}};\nconst size_t ${array}_size = sizeof ${array};\n")
  file(REMOVE ${OUTPUT}.part)
endfunction()

string(FIND "${page}" "@data@" cut)
string(SUBSTRING "${page}" 0 ${cut} before)
math(EXPR after_cut "${cut} + 6")
string(SUBSTRING "${page}" ${after_cut} -1 after)
file(WRITE ${OUTPUT} "#include \"explain/page.h\"\n\n")
c_array(explain_page_before_data "${before}")
c_array(explain_page_after_data "${after}")
