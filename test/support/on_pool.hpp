// SPDX-License-Identifier: MIT
#pragma once

#include <rankwise/collective.hpp>
#include <rankwise/rankwise.hpp>

#include <boost/mpi/communicator.hpp>

/// Runs `body` on rank 0 of the test's ranks.
template <class Body>
void on_pool(const rankwise::options& how, Body body) {
  rankwise::options quiet = how;
  quiet.quiet = true;
  rankwise::run(boost::mpi::communicator(), quiet, body);
}

template <class Body>
void on_pool(Body body) {
  on_pool({}, body);
}
