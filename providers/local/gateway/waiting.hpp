#pragma once

#include <cstddef>
#include <list>
#include <string>
#include <unordered_map>
#include <vector>

namespace mdl::local::gateway {

class Ticket;

// The requests that wait for one release: the clients take turns, each with its requests in the order of
// their arrival, so that one with a hundred is served no more often than one with a single one. Before all of
// them come those that were put ahead. A ticket is in one line at most.
class WaitingLine {
 public:
  void push(Ticket& ticket);        // behind the others of its client
  void push_ahead(Ticket& ticket);  // behind those that were put ahead before
  // Whose turn it is; only when someone waits.
  Ticket& pop();
  void erase(Ticket& ticket);
  std::vector<Ticket*> take_all();  // in their turns

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  // Of a client, without those that were put ahead.
  std::size_t waiting(const std::string& client) const;
  // Of the client that has the most: how many, and the newest of them; null when nobody waits.
  std::size_t most() const;
  Ticket* newest_of_most() const;

 private:
  struct Client {
    std::string name;
    std::list<Ticket*> tickets;
  };
  using Ring = std::list<Client>;
  Ring::const_iterator longest() const;

  std::list<Ticket*> ahead_;
  Ring ring_;  // each has a ticket; the first one's turn is next
  std::unordered_map<std::string, Ring::iterator> clients_;
  std::size_t size_ = 0;
};

}  // namespace mdl::local::gateway
