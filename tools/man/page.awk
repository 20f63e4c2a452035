# Turns the --help of a program into a page of the manual. Its parts: a line of usage; a line that sums it up, but for the two
# programs themselves; paragraphs; and options, each a word or more, two blanks, and what it means.

function text(line) {
	gsub(/\\/, "\\e", line)
	gsub(/-/, "\\-", line)
	return line ~ /^[.']/ ? "\\&" line : line
}

function heading(title) {
	if (current != title)
		print ".SH " title
	current = title
	plain()
}

function plain() {
	if (verbatim)
		print ".fi\n.RE"
	verbatim = 0
}

# A term and its meaning, which may follow on the next line.
function term(line, at) {
	sub(/^ +/, "", line)
	at = match(line, /   */)
	print ".TP\n.B " text(at ? substr(line, 1, at - 1) : line)
	if (at)
		print text(substr(line, at + RLENGTH))
}

BEGIN {
	summary["thule"] = "a filesystem in PostgreSQL, and its past"
	summary["thulefs"] = "mount a filesystem whose files live in PostgreSQL"
	printf ".TH %s %s \"%s\" \"%s\"\n", toupper(name), section, date, version
}

NR == 1 {
	usage = substr($0, length("usage: ") + 1)
	next
}

function begin(said) {
	print ".SH NAME\n" text(name) " \\- " text(said)
	print ".SH SYNOPSIS\n.nf\n" text(usage) "\n.fi"
	begun = 1
}

!begun && NF == 0 { next }
!begun && !(name in summary) {
	begin($0)
	next
}
!begun { begin(summary[name]) }

# Options, and the commands of `thule`.
/^  ?-|^      --/ || (name == "thule" && /^  [a-z]+ +/) || (name == "thulefs" && /^        [a-z]/) {
	heading(name == "thule" ? "COMMANDS" : "OPTIONS")
	term($0)
	next
}

# What goes on with a meaning.
current == "OPTIONS" && /^          / {
	sub(/^ +/, "")
	print text($0)
	next
}

NF == 0 {
	plain()
	blank = 1
	next
}

{
	heading(current == "" || current == "DESCRIPTION" ? "DESCRIPTION" : "ENVIRONMENT")
	if (/^ / && !verbatim)
		print ".RS\n.nf"
	if (/^ /)
		verbatim = 1
	else if (blank)
		print ".PP"
	blank = 0
	print text($0)
}

END {
	plain()
	if (section == 1)
		print ".SH EXIT STATUS\n0 for success, 1 for failure, 2 for wrong usage."
	print ".SH SEE ALSO\n" text(see)
	print ".PP\nThe pages in /usr/share/doc/thulefs, of which docs/README.md is the index."
}
