# Makes the part of thulefs-sql(7) that lists the schema, of the comments in sql/: what is given to people with `\d+` and `\df+`.
# Reads files in which `create function thule.` begins a signature that ends before `language`, and in which comments are
# `comment on KIND NAME is`, a string, and a semicolon. tests/sql/test_comments.sql holds the result to a schema that was installed.

function text(line) {
	gsub(/\\/, "\\e", line)
	gsub(/-/, "\\-", line)
	return line ~ /^[.']/ ? "\\&" line : line
}

# Sorts a list of names, as few as they are, and returns how many.
function sorted(names, list, n, i, j, name) {
	for (name in names) {
		for (i = ++n; i > 1 && list[i - 1] > name; i--)
			list[i] = list[i - 1]
		list[i] = name
	}
	return n
}

# The types of the parameters of a signature, as a comment on the function has them: "text, bigint".
function types(signature, i, depth, c, part, n, parts, all) {
	for (i = index(signature, "("); i <= length(signature); i++) {
		c = substr(signature, i, 1)
		depth += (c == "(") - (c == ")")
		if (!depth)
			break
	}
	signature = substr(signature, index(signature, "(") + 1, i - index(signature, "(") - 1)
	n = split(signature, parts, /, */)
	for (i = 1; i <= n; i++) {
		part = parts[i]
		sub(/ default .*/, "", part)
		sub(/^[^ ]+ /, "", part)
		all = all (i > 1 ? ", " : "") part
	}
	return all
}

# Prints what a comment says, and its example.
function said(comment, at) {
	at = index(comment, " Example: ")
	print text(at ? substr(comment, 1, at - 1) : comment)
	if (at)
		print ".PP\n.in +4n\n.EX\n" text(substr(comment, at + length(" Example: "))) "\n.EE\n.in"
}

function take(kind, name, comment) {
	if (name !~ /^thule\./)
		return
	if (kind == "function")
		# A name has several functions: by the types of their parameters.
		function_comment[signature_of[name]] = comment
	else if (kind == "view")
		view_comment[name] = comment
	else if (kind == "table" && name !~ /_history$/)
		table_comment[name] = comment
	else if (kind == "column" && match(name, /\.[^.]*$/))
		columns[substr(name, 1, RSTART - 1)] = columns[substr(name, 1, RSTART - 1)] ".TP\n.B " substr(name, RSTART + 1) "\n" \
			text(comment) "\n"
}

/^create function thule\./ {
	signature = ""
	reading = 1
}

reading && (/^language/ || /^as /) {
	reading = 0
	name = substr(signature, 1, index(signature, "(") - 1)
	signature_of[name "(" types(signature) ")"] = signature
}

reading {
	sub(/^create function |^ +/, "")
	signature = signature (signature == "" ? "" : " ") $0
}

/^comment on / {
	statement = ""
	commenting = 1
}

commenting {
	statement = statement (statement == "" ? "" : " ") $0
	if (/';$/) {
		commenting = 0
		sub(/^comment on /, "", statement)
		kind = statement
		sub(/ .*/, "", kind)
		quote = index(statement, "'")
		name = substr(statement, length(kind) + 2, quote - length(kind) - 2)
		sub(/ +is *$/, "", name)
		comment = substr(statement, quote + 1, length(statement) - quote - 2)
		gsub(/''/, "'", comment)
		take(kind, name, comment)
	}
}

END {
	print ".SH VIEWS"
	n = sorted(view_comment, list)
	for (i = 1; i <= n; i++) {
		print ".SS " list[i]
		said(view_comment[list[i]])
		printf "%s", columns[list[i]]
	}
	print ".SH FUNCTIONS"
	n = sorted(function_comment, list)
	for (i = 1; i <= n; i++) {
		name = substr(list[i], 1, index(list[i], "(") - 1)
		if (name != last)
			print ".SS " name
		else
			print ".PP"
		last = name
		print ".I " text(list[i]) "\n.PP"
		said(function_comment[list[i]])
	}
	print ".SH TABLES"
	n = sorted(table_comment, list)
	for (i = 1; i <= n; i++)
		print ".TP\n.B " list[i] "\n" text(table_comment[list[i]])
}
