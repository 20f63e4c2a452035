-- The op whose state is the oldest that prune is to keep.
-- Parameters: keep, an age as thule_internal.age_of reads it ('90d'): everything since that long ago; before, an instant (thule.instant): everything
--   from then on; max_bytes: the newest of what only the past refers to, up to this size. At most one of them; with none,
--   the setting `retention` says.
-- Returns: op; 0 when nothing is older. Errors: no parameter and no setting (no_data_found), a keep that is no length of
--   time, an instant in the future, a negative size (invalid_parameter_value), those of thule.instant.
-- Tables touched: op, snapshot, config (read); with max_bytes also extent, extent_history, blob.
create function thule_internal.prune_horizon(keep text, before text, max_bytes bigint) returns bigint
language plpgsql stable
as $$
declare
    at timestamptz;
begin
    if max_bytes < 0 then
        raise exception using errcode = 'invalid_parameter_value', message = format('a size of %s bytes is negative', max_bytes),
            hint = 'Give how many bytes of history to keep, from 0 on.';
    elsif max_bytes is not null then
        -- A blob is freed once the last version that refers to it is gone.
        return coalesce((
            select max(s.needed_to)
            from (
                select h.needed_to, sum(octet_length(b.data)) over (order by h.needed_to desc, h.blob desc) as total
                from (
                    select x.blob, max(x.op_to) as needed_to from thule.extent_history x group by x.blob
                ) h
                join thule.blob b on b.id = h.blob
                where not exists (select from thule.extent e where e.blob = h.blob)
            ) s
            where s.total > max_bytes), 0);
    elsif before is not null then
        at := thule.instant(before);
        if at > clock_timestamp() and thule_internal.typed_op(before) is null then
            raise exception using errcode = 'invalid_parameter_value',
                message = format('%s is in the future', before), hint = 'Give a time that has passed.';
        end if;
        return thule_internal.op_until(before);
    end if;
    keep := coalesce(keep, (select c.value from thule.config c where c.key = 'retention'));
    if keep is null then
        raise exception using errcode = 'no_data_found', message = 'nothing says how much history to keep',
            hint = 'Give --keep AGE, --before T or --max-size SIZE, or `thule config set retention 90d`.';
    end if;
    return thule.op_at(now() - thule_internal.history_age(keep));
end
$$;
