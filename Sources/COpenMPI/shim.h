// Swift cannot import Open MPI's macro constants, which are addresses of objects; each becomes a function here.
#pragma once
#include <mpi.h>

static inline MPI_Comm giv_mpi_comm_world(void) { return MPI_COMM_WORLD; }
static inline MPI_Datatype giv_mpi_byte(void) { return MPI_BYTE; }
static inline MPI_Datatype giv_mpi_int64(void) { return MPI_INT64_T; }
static inline MPI_Errhandler giv_mpi_errors_return(void) { return MPI_ERRORS_RETURN; }
static inline MPI_Request giv_mpi_request_null(void) { return MPI_REQUEST_NULL; }
static inline MPI_Status *giv_mpi_statuses_ignore(void) { return MPI_STATUSES_IGNORE; }
