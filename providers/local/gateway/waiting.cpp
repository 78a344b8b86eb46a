#include "providers/local/gateway/waiting.hpp"

#include <algorithm>

#include "providers/local/gateway/scheduler.hpp"

namespace mdl::local::gateway {

void WaitingLine::push(Ticket& ticket) {
  ticket.ahead_ = false;
  ticket.client_ = ticket.client();
  auto known = clients_.find(ticket.client_);
  if (known == clients_.end()) {
    ring_.push_back({.name = ticket.client_, .tickets = {}});
    known = clients_.emplace(ticket.client_, std::prev(ring_.end())).first;
  }
  auto& tickets = known->second->tickets;
  ticket.place_ = tickets.insert(tickets.end(), &ticket);
  ++size_;
}

void WaitingLine::push_ahead(Ticket& ticket) {
  ticket.ahead_ = true;
  ticket.place_ = ahead_.insert(ahead_.end(), &ticket);
  ++size_;
}

Ticket& WaitingLine::pop() {
  Ticket& ticket = ahead_.empty() ? *ring_.front().tickets.front() : *ahead_.front();
  erase(ticket);
  // What is left of the client comes after one of each other client.
  if (!ticket.ahead_ && !ring_.empty() && ring_.front().name == ticket.client_)
    ring_.splice(ring_.end(), ring_, ring_.begin());
  return ticket;
}

void WaitingLine::erase(Ticket& ticket) {
  --size_;
  if (ticket.ahead_) {
    ahead_.erase(ticket.place_);
    return;
  }
  const auto known = clients_.find(ticket.client_);
  known->second->tickets.erase(ticket.place_);
  if (!known->second->tickets.empty()) return;
  ring_.erase(known->second);
  clients_.erase(known);
}

std::vector<Ticket*> WaitingLine::take_all() {
  std::vector<Ticket*> all;
  while (!empty()) all.push_back(&pop());
  return all;
}

std::size_t WaitingLine::waiting(const std::string& client) const {
  const auto known = clients_.find(client);
  return known == clients_.end() ? 0 : known->second->tickets.size();
}

WaitingLine::Ring::const_iterator WaitingLine::longest() const {
  return std::ranges::max_element(ring_, {}, [](const Client& client) { return client.tickets.size(); });
}

std::size_t WaitingLine::most() const { return ring_.empty() ? 0 : longest()->tickets.size(); }

Ticket* WaitingLine::newest_of_most() const { return ring_.empty() ? nullptr : longest()->tickets.back(); }

}  // namespace mdl::local::gateway
