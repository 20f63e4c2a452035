-- What was typed as instants, before anything is asked with them: a query that finds nothing to compare would not look at
-- them. $1 since, $2 until; each may be null.
select thule.instant($1::text), thule.instant($2::text)
