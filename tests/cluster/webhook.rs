//! The webhook on a real API server.

mod certificates;
mod clients;
mod example;
mod feedback;
mod hostile;
mod keys;
mod other_webhooks;
mod outages;
mod pods;
mod races;
mod random;
mod repair;
mod rights;
mod schemas;
mod switches;
