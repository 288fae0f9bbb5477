-- given: {now, {id, libraries}}
check_state()
return install(given[1], given[2])
