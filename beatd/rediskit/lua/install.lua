-- given: {now, {id, tzdata, astral}}
check_state()
return install(given[1], given[2])
