-- Remember that a scheduler carries a set. given: {now, {holder, host, pid}, revision, digest}
check_state()
note_scheduler(given[2], given[1], { 'revision', text(given[3]), 'digest', given[4] })
return 1
