# SPDX-License-Identifier: MIT
# rnnc_add_programs(kind folder): each .c file with a main is a program; the
# other files of the folder are linked to all of them. Sets RNNC_PROGRAMS to
# the targets, which are called <kind>_<name>.
function(rnnc_add_programs kind folder)
    file(GLOB sources CONFIGURE_DEPENDS "${folder}/*.c")
    set(mains "")
    set(shared "")
    foreach(source IN LISTS sources)
        file(STRINGS "${source}" main REGEX "^int main\\(" LIMIT_COUNT 1)
        if(main)
            list(APPEND mains "${source}")
        else()
            list(APPEND shared "${source}")
        endif()
    endforeach()

    set(programs "")
    foreach(source IN LISTS mains)
        get_filename_component(name "${source}" NAME_WE)
        if(name STREQUAL "main")
            get_filename_component(name "${folder}" NAME)
        endif()
        set(program ${kind}_${name})
        add_executable(${program} "${source}" ${shared})
        set_target_properties(${program} PROPERTIES OUTPUT_NAME ${name})
        rnnc_set_flags(${program})
        target_link_libraries(${program} PRIVATE rnnc::static Threads::Threads
            m)
        list(APPEND programs ${program})
    endforeach()
    set(RNNC_PROGRAMS ${programs} PARENT_SCOPE)
endfunction()
