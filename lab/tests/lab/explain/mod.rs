//! What a network has become: laws, plain loops and NumPy beside what `explain` computes, and runs on disk.

mod activity;
mod card;
mod curves;
mod diagram;
mod features;
mod fixtures;
mod golden;
mod importance;
mod landscape;
mod mistakes;
mod predictions;
mod ranking;
mod redundancy;
mod subject;
mod trail;
