module gotemplates

go 1.26
